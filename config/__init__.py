"""The YAML files, the code that loads and checks them, and the names of channel variables."""
