"""The pages of this room, one module each; `holds.urls` gives them their addresses."""
