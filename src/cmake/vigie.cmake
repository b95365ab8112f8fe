# Third-party libraries, and the functions that make a module and its tests.
find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(Boost 1.81 REQUIRED COMPONENTS filesystem)
find_package(PostgreSQL REQUIRED)
find_package(spdlog REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(CLI11 REQUIRED)
find_package(prometheus-cpp REQUIRED)
find_package(date REQUIRED)
find_package(tomlplusplus REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(sodium REQUIRED IMPORTED_TARGET libsodium)
pkg_check_modules(pqxx REQUIRED IMPORTED_TARGET libpqxx)
pkg_check_modules(zstd REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(jemalloc REQUIRED IMPORTED_TARGET jemalloc)
find_package(simdjson REQUIRED)

add_library(vigie_third_party INTERFACE)
# System includes: their warnings are not ours.
target_compile_definitions(vigie_third_party INTERFACE
    BOOST_ASIO_SEPARATE_COMPILATION BOOST_BEAST_SEPARATE_COMPILATION BOOST_ASIO_NO_DEPRECATED
    BOOST_ASIO_DISABLE_BOOST_ARRAY BOOST_ERROR_CODE_HEADER_ONLY
    SPDLOG_COMPILED_LIB SPDLOG_FMT_EXTERNAL)
target_link_libraries(vigie_third_party INTERFACE Threads::Threads OpenSSL::SSL OpenSSL::Crypto Boost::headers
    PostgreSQL::PostgreSQL spdlog::spdlog fmt::fmt nlohmann_json::nlohmann_json CLI11::CLI11
    prometheus-cpp::core date::date-tz tomlplusplus::tomlplusplus PkgConfig::sodium PkgConfig::pqxx
    PkgConfig::zstd)

set_property(GLOBAL PROPERTY vigie_modules "")

# A module is the folder src/<name>; it may use every module named before it (tests/tidy.py holds the includes to that).
function(vigie_module name)
    file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/${name}/*.cpp ${CMAKE_SOURCE_DIR}/src/${name}/*/*.cpp)
    list(FILTER sources EXCLUDE REGEX "/main\\.cpp$")
    if(NOT sources)
        return()
    endif()
    get_property(earlier GLOBAL PROPERTY vigie_modules)
    add_library(vigie_${name} STATIC ${sources})
    target_include_directories(vigie_${name} PUBLIC ${CMAKE_SOURCE_DIR}/include PRIVATE ${CMAKE_SOURCE_DIR}/src)
    set(libraries ${earlier})
    list(TRANSFORM libraries PREPEND vigie_)
    list(REVERSE libraries)
    target_link_libraries(vigie_${name} PUBLIC ${libraries} vigie_third_party)
    if(VIGIE_UNITY)
        set_target_properties(vigie_${name} PROPERTIES UNITY_BUILD ON)
    endif()
    if(VIGIE_SANITIZE AND name IN_LIST VIGIE_COMPUTES)
        target_compile_options(vigie_${name} PRIVATE -O1)
    endif()
    set_property(GLOBAL APPEND PROPERTY vigie_modules ${name})
endfunction()

# tests/<name>/*_test.cpp need nothing; *_pgtest.cpp need PostgreSQL. One executable of each a module.
function(vigie_module_tests name)
    foreach(suffix test pgtest)
        file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/${name}/*_${suffix}.cpp)
        if(NOT sources)
            continue()
        endif()
        file(GLOB_RECURSE shared CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/tests/support/${suffix}_*.cpp)
        set(target ${name}_${suffix})
        add_executable(${target} ${sources} ${shared})
        target_include_directories(${target} PRIVATE ${CMAKE_SOURCE_DIR}/src ${CMAKE_SOURCE_DIR})
        target_link_libraries(${target} PRIVATE vigie_${name} vigie_third_party GTest::gmock GTest::gtest GTest::gtest_main)
        target_compile_definitions(${target} PRIVATE VIGIE_SOURCE_DIR="${CMAKE_SOURCE_DIR}")
        if(VIGIE_UNITY)
            set_target_properties(${target} PROPERTIES UNITY_BUILD ON)
        endif()
        vigie_add_test(${target} $<TARGET_FILE:${target}>)
    endforeach()
endfunction()

function(vigie_add_test name executable)
    add_test(NAME ${name} COMMAND ${executable} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
    set_tests_properties(${name} PROPERTIES TIMEOUT 600
        ENVIRONMENT "GTEST_OUTPUT=xml:${CMAKE_SOURCE_DIR}/build/results/${name}.xml;ASAN_OPTIONS=detect_leaks=1;LSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/tests/lsan.supp:print_suppressions=0;TSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/tests/tsan.supp:halt_on_error=0;UBSAN_OPTIONS=print_stacktrace=1")
endfunction()

# In the order in which data flow. A module may include those above it, never one below.
set(VIGIE_MODULES
    base config wire net store access api assets streets ingest live alarms control notify operations
    lighting signals signs bollards video buildings traffic parking environment vehicles winter
    citizens opendata contract app cli sim bench)

# Under sanitizers little is optimized: that takes a third of the time to compile, and most tests wait more than they
# compute. These are searched by fuzz targets, or compute.
set(VIGIE_COMPUTES base wire store ingest api sim)

# The bounded run of a fuzz target (tests/fuzz/run).
function(vigie_add_fuzz_run name executable)
    add_test(NAME ${name} COMMAND ${CMAKE_SOURCE_DIR}/tests/fuzz/run ${executable})
    set_tests_properties(${name} PROPERTIES TIMEOUT 120)
endfunction()
