"""The doctor: looks at the whole chain between a request and its outcome, and says what is broken."""
