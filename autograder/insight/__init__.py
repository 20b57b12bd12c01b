"""What the class as a whole did and did not understand."""
