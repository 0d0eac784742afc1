"""`higuera audit`: what the public auditors say of a host, beside the targets. Changes nothing."""
