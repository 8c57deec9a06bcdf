"""The simulator: the real engine and the real store over a virtual clock and a carrier that acts as its file
says."""
