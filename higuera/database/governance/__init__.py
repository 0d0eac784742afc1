"""What CI asks of migrations, and who answers for the data: `higuera migrations`, `db catalog`."""
