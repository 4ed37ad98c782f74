"""Quick BI's side of the wire: no Flask and no database in here."""
