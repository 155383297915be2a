package main

import "sync"

// textRooms is room for the texts of outputs, many in one piece: a buffer for
// each text alone would be larger than the text.
type textRooms struct {
	mu   sync.Mutex
	free [][]byte
}

const (
	textRoom = 512 << 10
	// leastTextRoom is what a piece must have left to be used for one more text.
	leastTextRoom = 48 << 10
)

// take is room that nobody else has, empty.
func (r *textRooms) take() []byte {
	r.mu.Lock()
	defer r.mu.Unlock()
	if n := len(r.free); n > 0 {
		room := r.free[n-1]
		r.free = r.free[:n-1]
		return room
	}
	return make([]byte, 0, textRoom)
}

// give takes room back, less the text that was written there. A text that was
// too long for it stands elsewhere.
func (r *textRooms) give(room, text []byte) {
	if len(text) > 0 && len(text) <= cap(room) && &text[0] == &room[:1][0] {
		room = room[len(text):cap(room)][:0]
	}
	if cap(room) < leastTextRoom {
		return
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.free = append(r.free, room)
}
