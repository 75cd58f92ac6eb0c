package main

import (
	_ "embed"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
)

// sdkVersion is the newest of Meta's Node SDK that npm has (November 2026); the
// comparison is with this one until somebody changes it here.
const sdkVersion = "24.0.1"

const sdkName = "facebook-nodejs-business-sdk"

//go:embed sdk.cjs
var sdkScript []byte

// checkNode says what the comparison lacks.
func checkNode() error {
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			return errors.New("the comparison with Meta's Node SDK needs " + program + ", which is not in the PATH; " +
				"install Node 20 with npm, or measure the others with -only beacons and -only dispatch")
		}
	}
	return nil
}

// sdkFolder returns the folder with the SDK. It is fetched once and kept among
// the user's caches: it is no dependency of the project.
func sdkFolder() (string, error) {
	caches, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	dir := filepath.Join(caches, "matchkey-bench", sdkName+"-"+sdkVersion)
	if _, err := os.Stat(filepath.Join(dir, "node_modules", sdkName, "package.json")); err == nil {
		return dir, nil
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return "", err
	}
	cmd := exec.Command("npm", "install", "--prefix", dir, "--no-audit", "--no-fund", "--no-save", "--ignore-scripts", sdkName+"@"+sdkVersion)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("npm could not fetch %s@%s; is its registry reachable? %w\n%s", sdkName, sdkVersion, err, out)
	}
	return dir, nil
}

// sdkCommand is the process of the SDK's side.
func sdkCommand(peopleFile, bodiesFile string) (*exec.Cmd, error) {
	dir, err := sdkFolder()
	if err != nil {
		return nil, err
	}
	script := filepath.Join(dir, "side.cjs")
	if err := os.WriteFile(script, sdkScript, 0o644); err != nil {
		return nil, err
	}
	return exec.Command("node", script, peopleFile, bodiesFile, strconv.Itoa(batchEvents)), nil
}

func nodeVersion() string {
	out, err := exec.Command("node", "--version").Output()
	if err != nil {
		return "of an unknown version"
	}
	return strings.TrimSpace(string(out))
}
