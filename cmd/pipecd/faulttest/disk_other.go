//go:build !linux

package main

import "errors"

var errNoDisk = errors.New("a disk can be filled only on Linux")

func smallDisk(string) (func() error, error) { return nil, errNoDisk }

func fillDisk(string) (func() error, error) { return nil, errNoDisk }
