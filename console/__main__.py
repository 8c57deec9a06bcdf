"""`python -m console`: the command without its script; `up` starts its children this way."""

from console.cli import main

main()
