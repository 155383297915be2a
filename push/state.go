package push

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
)

// maxName bounds the name of a device's directory.
const maxName = 200

// dirName is the name of a device's directory. It is the device's name where
// that is an ordinary word; other bytes are written as %XX, so that no name
// leads elsewhere and no two names share a directory.
func dirName(device string) (string, error) {
	if device == "" {
		return "", errors.New("a device without a name can't have a record")
	}
	var b strings.Builder
	for i := range len(device) {
		c := device[i]
		switch {
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', c == '-', c == '_', c == '.' && i > 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	if b.Len() > maxName {
		return "", fmt.Errorf("the name of device %.40q... is too long for a directory of records", device)
	}
	return b.String(), nil
}

// deviceName is the inverse of dirName; ok is false for names that it doesn't
// give.
func deviceName(dir string) (name string, ok bool) {
	var b []byte
	for i := 0; i < len(dir); i++ {
		if dir[i] != '%' {
			b = append(b, dir[i])
			continue
		}
		var c byte
		if i+3 > len(dir) {
			return "", false
		}
		if _, err := fmt.Sscanf(dir[i+1:i+3], "%02X", &c); err != nil {
			return "", false
		}
		b = append(b, c)
		i += 2
	}
	again, err := dirName(string(b))
	return string(b), err == nil && again == dir
}

// deviceDir returns the directory of a device's records and makes it if it
// isn't there.
func deviceDir(state, device string) (string, error) {
	if err := os.MkdirAll(state, 0o700); err != nil {
		return "", err
	}
	if err := checkDir(state, true); err != nil {
		return "", err
	}
	name, err := dirName(device)
	if err != nil {
		return "", err
	}
	dir := filepath.Join(state, name)
	if err := os.Mkdir(dir, 0o700); err != nil && !errors.Is(err, fs.ErrExist) {
		return "", err
	}
	return dir, checkDir(dir, false)
}

// checkDir refuses a directory that others could write to, or that leads
// elsewhere. The state directory itself may be a link that its owner has made.
func checkDir(dir string, mayLink bool) error {
	stat := os.Lstat
	if mayLink {
		stat = os.Stat
	}
	info, err := stat(dir)
	switch {
	case err != nil:
		return err
	case !info.IsDir():
		return fmt.Errorf("%s is not a directory; records of pushes can't be kept there", dir)
	case info.Mode().Perm()&0o022 != 0 && runtime.GOOS != "windows": // which has no such bits
		return fmt.Errorf("%s can be written by others (mode %04o), who could change records of pushes; do: chmod 700 %s", dir, info.Mode().Perm(), dir)
	}
	return nil
}

// checkFile refuses a file that is none, such as a link to another place.
func checkFile(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is not an ordinary file", path)
	}
	return err
}

// writeSynced writes a new file and returns when it is on the disk.
func writeSynced(path string, content []byte) error {
	f, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(content)
	return errors.Join(err, f.Sync(), f.Close())
}

// syncDir makes a new name in a directory last over a crash, where the system
// can do that.
func syncDir(dir string) {
	if d, err := os.Open(dir); err == nil {
		_ = d.Sync() // not every file system takes it, and there is no other way
		_ = d.Close()
	}
}
