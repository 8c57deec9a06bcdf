"""A floor of agents and a trunk simulated event by event: what a way of pacing comes to over whole shifts."""
