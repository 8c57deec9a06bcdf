"""Where the gateways for text and email passes will live; nothing is sent from here yet."""
