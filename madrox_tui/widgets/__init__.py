"""The widgets that panels and screens are built from."""
