"""What reaches into Asterisk from outside: the AMI link, the dialer, and who of the agents is free."""
