# cmake -DNM=… -DOBJECTS=… -P: two rows are linked into one module. A weak symbol that both could define would be taken
# from one of them for both, AVX2 instructions and all, and a static initialiser would run on every processor.
foreach(object ${OBJECTS})
  execute_process(COMMAND ${NM} -C ${object} OUTPUT_VARIABLE symbols COMMAND_ERROR_IS_FATAL ANY)
  string(REGEX MATCHALL "[^\n]* [WVu] [^\n]*" weak "${symbols}")
  list(FILTER weak EXCLUDE REGEX "oxide_simdjson_")
  if(weak)
    list(JOIN weak "\n  " weak)
    message(FATAL_ERROR "${object} shares weak symbols with the other rows:\n  ${weak}")
  endif()
  if(symbols MATCHES "_GLOBAL__sub_I_[^\n]*")
    message(FATAL_ERROR "${object} has a static initialiser: ${CMAKE_MATCH_0}")
  endif()
endforeach()
