"""What is deployed and where: the YAML below `inventory/` as validated models.

Reads files on the controller, touches no host.
"""
