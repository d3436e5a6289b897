"""The files that people have sent, by their content, and who may refer to which of them."""
