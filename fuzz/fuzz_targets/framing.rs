#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| plaid_tests::framing::check(data));
