"""What Asterisk itself wrote of calls, for the times in which nobody heard its events."""
