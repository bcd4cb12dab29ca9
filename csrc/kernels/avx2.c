typedef int ox_avx2_row_is_empty;
