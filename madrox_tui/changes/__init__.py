"""What changed in the fleet since a person last looked."""
