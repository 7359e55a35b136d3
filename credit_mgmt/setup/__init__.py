"""The parts of the setup pages: what they say, count and check. Services: `parameter_setup`, `customers.setup`."""
