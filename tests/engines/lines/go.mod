module polc.invalid/tests/engines/lines

go 1.26.8
