"""TLS for every service: certificates, keys, grades, the host's own floor."""
