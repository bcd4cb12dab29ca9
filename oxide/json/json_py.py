"""JSON over the standard library: the twin and the oracle of json_c."""
