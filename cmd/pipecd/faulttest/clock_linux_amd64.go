package main

import (
	"bytes"
	"debug/elf"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// startShifted starts a program whose wall clock is off by whole seconds, for all
// of its life and for nobody else. Programs ask the kernel's shared page for the
// time, and so does Go, without any library that could be exchanged: before the
// program's first instruction its own copy of that page gets another function.
// The monotonic clock stays right, as on a machine whose clock was set wrong.
func startShifted(command *exec.Cmd, off time.Duration) error {
	runtime.LockOSThread() // only the thread that traces may write
	defer runtime.UnlockOSThread()
	command.SysProcAttr = &syscall.SysProcAttr{Ptrace: true, Pdeathsig: syscall.SIGKILL}
	if err := command.Start(); err != nil {
		return err
	}
	pid := command.Process.Pid
	var status syscall.WaitStatus
	_, err := syscall.Wait4(pid, &status, 0, nil)
	if err == nil {
		err = setClock(pid, int32(off/time.Second)) //nolint:gosec // minutes
	}
	if err = errors.Join(err, syscall.PtraceDetach(pid)); err != nil {
		return errors.Join(fmt.Errorf("setting a process's clock: %w", err), command.Process.Kill())
	}
	return nil
}

// setClock exchanges the function clock_gettime of a stopped process.
func setClock(pid int, seconds int32) error {
	page, from, err := sharedPage(pid)
	if err != nil {
		return err
	}
	file, err := elf.NewFile(bytes.NewReader(page))
	if err != nil {
		return err
	}
	symbols, err := file.DynamicSymbols()
	if err != nil {
		return err
	}
	code := clockCode(seconds)
	for _, s := range symbols {
		if s.Name == "__vdso_clock_gettime" && s.Size >= uint64(len(code)) {
			_, err := syscall.PtracePokeData(pid, from+uintptr(s.Value), code)
			return err
		}
	}
	return errors.New("the kernel's page has no function for the time")
}

// clockCode is the function: the system call, and the seconds added when it is
// the wall clock that was asked for.
func clockCode(seconds int32) []byte {
	code := []byte{
		0xb8, 228, 0, 0, 0, // mov eax, clock_gettime
		0x0f, 0x05, // syscall
		0x85, 0xff, // test edi, edi: CLOCK_REALTIME is 0
		0x75, 0x07, // jne over the addition
		0x48, 0x81, 0x06, // add qword [rsi], seconds
	}
	code = binary.LittleEndian.AppendUint32(code, uint32(seconds)) //nolint:gosec // the same bits
	return append(code, 0xc3)                                      // ret
}

// sharedPage returns the page and where the process has it.
func sharedPage(pid int) ([]byte, uintptr, error) {
	maps, err := os.ReadFile("/proc/" + strconv.Itoa(pid) + "/maps")
	if err != nil {
		return nil, 0, err
	}
	for line := range strings.Lines(string(maps)) {
		var from, to uintptr
		if !strings.Contains(line, "[vdso]") {
			continue
		}
		if _, err := fmt.Sscanf(line, "%x-%x", &from, &to); err != nil {
			return nil, 0, err
		}
		page := make([]byte, to-from)
		_, err := syscall.PtracePeekData(pid, from, page)
		return page, from, err
	}
	return nil, 0, errors.New("the process has no page of the kernel's")
}
