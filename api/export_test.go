package api

// Some is a member that is given.
func Some[T any](value T) Optional[T] { return Optional[T]{Given: true, Value: value} }
