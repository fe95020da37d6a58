"""What a Selligent tenant holds: Lists, fields, relations, Segments and records, in SQLite. It knows no HTTP."""
