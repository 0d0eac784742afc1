"""What can be known of a deploy without a host, a database or a secret."""
