"""The pages of this room: rules, parameters, and the change of a limit; `credit_mgmt.urls` gives them their addresses."""
