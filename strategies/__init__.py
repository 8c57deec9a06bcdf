"""The rules of campaigns, recovery and segments as plain functions on frozen data; their state lies in
`strategies.store`."""
