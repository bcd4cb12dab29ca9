"""What a model acts with: a computer, a browser, actions; each is carried out by a driver of the program."""
