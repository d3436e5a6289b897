"""What a record says, told to a person: drawings, words, explanations, a page for a browser."""
