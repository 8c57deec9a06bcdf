"""The HTTP API and the live page. Reads, and writes what a person asks for; it never talks to Asterisk."""
