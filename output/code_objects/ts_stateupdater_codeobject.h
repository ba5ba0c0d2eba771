#ifndef _INCLUDED_ts_stateupdater_codeobject
#define _INCLUDED_ts_stateupdater_codeobject

void _run_ts_stateupdater_codeobject();


#endif
