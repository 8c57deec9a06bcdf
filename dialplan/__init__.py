"""The files an Asterisk admin includes: the dialplan, its globals and the manager user.

A package so that they ship in the wheel; there is no code in it.
"""
