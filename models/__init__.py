"""The outcome model: its factors, training, proof, publishing and inference; what follows from a probability
is left to `strategies.segmentation`."""
