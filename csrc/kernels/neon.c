typedef int ox_neon_row_is_empty;
