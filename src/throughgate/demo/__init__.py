"""The demonstration: "Harbor State Corrections", an invented agency with a year behind it. Nobody in it is real."""
