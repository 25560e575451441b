package keys

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"github.com/signet-auth/signet/domain"
	"github.com/signet-auth/signet/ports/store"
)

// courseKey is where the course is stored.
const courseKey = "key_course"

// readCourse is the zero course before the first start.
func readCourse(ctx context.Context, meta store.MetaReader) (course domain.KeyCourse, err error) {
	text, err := meta.Get(ctx, courseKey)
	if errors.Is(err, domain.ErrNotFound) {
		return domain.KeyCourse{}, nil
	}
	if err != nil {
		return domain.KeyCourse{}, err
	}
	if err := json.Unmarshal([]byte(text), &course); err != nil {
		return domain.KeyCourse{}, domain.ErrInternal.Because(fmt.Errorf("meta %s: %w", courseKey, err))
	}
	return course, nil
}

func writeCourse(ctx context.Context, meta store.Meta, course domain.KeyCourse) error {
	text, err := json.Marshal(course)
	if err != nil {
		return err
	}
	return meta.Put(ctx, courseKey, string(text))
}
