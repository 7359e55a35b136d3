"""The base of the REST API: what `api.md` says once for all resources stands here once. See README.md."""
