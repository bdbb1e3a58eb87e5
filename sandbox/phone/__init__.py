"""What a person can do with their phone: the JSON behind the phone page."""
