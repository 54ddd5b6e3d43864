module github.com/trailwarden/trailwarden

go 1.26
