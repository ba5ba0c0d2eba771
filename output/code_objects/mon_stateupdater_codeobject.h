#ifndef _INCLUDED_mon_stateupdater_codeobject
#define _INCLUDED_mon_stateupdater_codeobject

void _run_mon_stateupdater_codeobject();


#endif
