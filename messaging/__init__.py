"""Text and email passes: what is written to whom, the gateways that carry it, and what comes back."""
