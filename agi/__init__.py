"""What Asterisk calls into while a call is up: the FastAGI server and its handlers."""
