"""Who is where and who hears what, without any input or output."""
