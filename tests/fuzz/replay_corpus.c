/* Runs the fuzz target over files, without a fuzzer: the corpus as a test. */
#include <stdint.h>

#include "check.h"

int LLVMFuzzerTestOneInput(const uint8_t *input, size_t size);

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        FILE *f = fopen(argv[i], "rb");
        uint8_t *p = malloc(1 << 20), *exact;
        size_t n;
        CHECK(f && p, "%s", argv[i]);
        n = fread(p, 1, 1 << 20, f);
        fclose(f);
        exact = realloc(p, n ? n : 1); /* so that the sanitizers see a byte read past the input */
        CHECK(exact, "no memory");
        LLVMFuzzerTestOneInput(exact, n);
        free(exact);
    }
    CHECK(argc > 10, "%d files: the corpus is missing", argc - 1);
    printf("%d inputs\n", argc - 1);
    return 0;
}
