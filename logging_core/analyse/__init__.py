"""From records to the state of the fleet. Imports records, and nothing that touches a file."""
