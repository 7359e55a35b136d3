"""The pages of this room: rules and parameters; `credit_mgmt.urls` gives them their addresses."""
