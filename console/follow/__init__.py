"""What the console's process knows of the whole ledger, read once for everybody who asks."""
