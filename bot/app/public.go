package app

import "net/http"

// publicHandler serves the residents' page and its API.
func publicHandler(e *engine, c *call) (http.Handler, error) {
	return http.NotFoundHandler(), nil
}
