"""The wiring on top of the four rooms: settings, addresses, background workers, the launcher. Imported by no room."""
