# Sourced: sets SIMDJSON_DIR to the folder of simdjson's sources, out of a pysimdjson installed below build/. Without
# them CMake leaves out what is built over them, and a stage would pass with half of its tests.
if [ ! -f build/simdjson/simdjson/simdjson.cpp ]; then
  python3 -m pip install -q --no-deps --target build/simdjson 'pysimdjson>=7'
fi
SIMDJSON_DIR=$PWD/build/simdjson/simdjson
