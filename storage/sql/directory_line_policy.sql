SELECT policy FROM service_line WHERE number = $1 AND active
